UPDATE mem0 SET payload = payload || '{"seen": 1}' WHERE payload->>'user_id' = 'user 0';
DELETE FROM mem0 WHERE payload->>'data' = 'text 5';
