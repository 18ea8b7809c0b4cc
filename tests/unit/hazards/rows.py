from __future__ import annotations

from migrator import hazards
from tests.unit.hazards.row import SUBJECT, Row

TEXTS: list[Row] = [
    (
        hazards.rows.rows_not_evaluated,
        (SUBJECT, 2, ["id=7: invalid input syntax for type json", "id=8: division by zero"], 1),
        "rows-not-evaluated",
        True,
        "the text or scope of 2 rows of public.items.embedding cannot be evaluated: id=7: invalid input syntax for "
        "type json, id=8: division by zero",
        "such a row gets no vector, and the revision allows 1 row to end without one.",
        "correct the rows; or have text= or where= leave them out, such as CASE WHEN payload IS JSON THEN ... END; or "
        "write max_failed_rows=2 in the revision: then they are set aside",
    ),
    (
        hazards.rows.rows_set_aside,
        (SUBJECT, 3, ["id=7: division by zero"]),
        "rows-set-aside",
        False,
        "the text or scope of 3 rows of public.items.embedding cannot be evaluated: id=7: division by zero, ...",
        "the model is not asked for them. One that has no vector to come back to ends without a vector, and is listed "
        "in migrator.failed_row.",
        "correct the rows, before or afterward; migrator backfill then gives them a vector",
    ),
    (
        hazards.rows.scope_without_rows,
        (SUBJECT, "tenant = 'acm'", 1_800),
        "scope-without-rows",
        False,
        "where=\"tenant = 'acm'\" names no row of public.items.embedding; rows that hold vectors: 1,800",
        "no row would get a vector of the new model.",
        "correct where=; try it with SELECT count(*) FROM table WHERE condition",
    ),
    (
        hazards.rows.several_dimensions,
        (SUBJECT, [(64, 1_734), (96, 935)], ["where='collection_id = 1' (1,734 of 64)"] * 7),
        "several-dimensions",
        True,
        "vectors of several dimensions are in the scope of public.items.embedding: 1,734 of 64, 935 of 96",
        "one revision changes the vectors of one model.",
        f"say which rows: {', '.join(['where=' + repr('collection_id = 1') + ' (1,734 of 64)'] * 6)}, ...",
    ),
    (
        hazards.rows.several_dimensions,
        (SUBJECT, [(64, 1_734), (96, 935)], []),
        "several-dimensions",
        True,
        "vectors of several dimensions are in the scope of public.items.embedding: 1,734 of 64, 935 of 96",
        "one revision changes the vectors of one model.",
        "tell the model's rows apart by a condition: where= in the revision, --where on the command line",
    ),
    (
        hazards.rows.rows_without_text,
        (
            SUBJECT,
            3,
        ),
        "rows-without-text",
        True,
        "public.items.embedding has 3 rows in scope without a text, and the revision refuses such rows",
        "there is nothing to embed for them.",
        'give them a text, leave them out by where=, or write empty="null" in the revision: then they end without a '
        "vector",
    ),
    (
        hazards.rows.kept_without_text,
        (
            SUBJECT,
            3,
            "python:app.models:old",
        ),
        "kept-without-text",
        False,
        'public.items.embedding keeps the vectors of 3 rows in scope without a text (empty="skip")',
        "these vectors are of python:app.models:old, and comparing them with the others says nothing.",
        'write empty="null" in the revision where such rows had better not be found',
    ),
    (
        hazards.rows.cannot_keep,
        (
            SUBJECT,
            3,
            'outside="keep"',
            'outside="null"',
        ),
        "cannot-keep",
        True,
        'outside="keep" asks to keep the vectors of 3 rows of public.items.embedding, of other dimensions than the '
        "new column",
        "they do not fit there.",
        'write outside="null" in the revision: such rows end without a vector',
    ),
    (
        hazards.rows.no_row_has_text,
        ("public.items.embedding", "payload->>'txt'", 600),
        "no-row-has-text",
        True,
        "text=\"payload->>'txt'\" gives no row in scope of public.items.embedding a text, and 600 rows hold vectors",
        "every vector in scope would be given up, and none come in its place.",
        "correct text=; try it with SELECT expression FROM table LIMIT 1",
    ),
    (
        hazards.rows.no_row_has_text,
        (SUBJECT, "title || body", 600),
        "no-row-has-text",
        True,
        "text='title || body' gives no row in scope of public.items.embedding a text, and 600 rows hold vectors",
        "every vector in scope would be given up, and none come in its place.",
        "correct text=: a || b is NULL where one of them is, concat_ws(' ', a, b) is not; try it with SELECT "
        "expression FROM table LIMIT 1",
    ),
    (
        hazards.rows.vectors_given_up,
        ("public.items.embedding", 1_300, 2, "concat_ws(' || ', title, body)"),
        "vectors-given-up",
        False,
        "rows of public.items.embedding would lose their vector: 1,300 out of scope, 2 in scope without a text",
        "no search by vector finds them, until a downgrade.",
        'widen where=, or write outside="null" where that is meant; correct text=',
    ),
    (
        hazards.rows.vectors_given_up,
        ("public.items.embedding", 0, 173, "title || ' ' || body"),
        "vectors-given-up",
        False,
        "rows of public.items.embedding would lose their vector: 173 in scope without a text",
        "no search by vector finds them, until a downgrade.",
        "correct text=: a || b is NULL where one of them is, concat_ws(' ', a, b) is not",
    ),
    (
        hazards.rows.rows_out_of_scope,
        (SUBJECT, 3, 0, "title || body"),
        "not-null-out-of-scope",
        True,
        "public.items.embedding is NOT NULL, and rows of it would end without a vector: 3 out of scope",
        "they would have no vector of the new dimension.",
        "widen where=",
    ),
    (
        hazards.rows.rows_out_of_scope,
        (SUBJECT, 3, 2, "title || body"),
        "not-null-out-of-scope",
        True,
        "public.items.embedding is NOT NULL, and rows of it would end without a vector: 3 out of scope, 2 in scope "
        "without a text",
        "they would have no vector of the new dimension.",
        "widen where=; correct text=: a || b is NULL where one of them is, concat_ws(' ', a, b) is not, or give those "
        "rows a text",
    ),
    (
        hazards.rows.texts_cut_short,
        (
            SUBJECT,
            3,
            512,
        ),
        "texts-cut-short",
        True,
        "public.items.embedding has 3 rows whose text the model does not read to its end, after 512 tokens",
        "what stands behind that could not be found, and --strict was given.",
        "shorten these texts or split them into rows, choose a model that reads more, or leave out --strict",
    ),
    (
        hazards.rows.lengths_unknown,
        (
            SUBJECT,
            "python:app.models:new",
        ),
        "lengths-unknown",
        True,
        "model python:app.models:new does not say how long the texts of public.items.embedding are to it",
        "it says how much it reads and has no tokenizer to ask, and --strict was given.",
        "let the plug-in say count_tokens(texts), or leave out --strict",
    ),
]
