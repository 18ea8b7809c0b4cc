UPDATE "user"."order" SET "text" = "text" || '?', "vector" = model.embed("text" || '?') WHERE "select" % 10 = 6;
