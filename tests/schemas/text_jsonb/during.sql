UPDATE memories SET payload = payload || '{"data": "during"}', vector = model.embed('during') WHERE payload->>'data' = 'text 5';
UPDATE memories SET payload = payload || '{"seen": true}' WHERE payload->'user' = '1';
