"""Components for crosspan, one file each."""
