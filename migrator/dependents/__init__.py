"""What hangs on the column and is made again at cut-over: views, grants, indexes of partitions, conditions, storage."""
