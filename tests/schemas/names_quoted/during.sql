DELETE FROM "My Schema"."It's ""the"" 100% {Table} %s" WHERE "Id" % 10 = 5;
