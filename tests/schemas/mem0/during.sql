UPDATE mem0 SET vector = model.embed('during'), payload = payload || '{"data": "during"}' WHERE payload->>'data' = 'text 3';
