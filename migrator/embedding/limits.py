"""How long a call of a model may take, and how many texts it is given."""

MODEL_TIMEOUT_S = 900.0
# Batches grow from the smallest while calls are short.
SMALLEST_BATCH, LARGEST_BATCH = 16, 2_048
