"""How things are measured; what is measured is in task/, network/ and start/."""
