"""Speed, as ratios of migrator to bare SQL in one run, and what writers feel of an online upgrade: `make bench`."""
