"""What is measured, a module for each subject. Each row is a coroutine function of a count."""
