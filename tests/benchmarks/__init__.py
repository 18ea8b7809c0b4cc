"""Speed, as ratios of migrator to bare SQL in one run: `make bench`."""
