UPDATE memories SET payload = payload - 'data', vector = NULL WHERE payload->>'data' LIKE '%6';
