"""For tests, of crosspan and of packages that add to it: tiny models that need no download."""
