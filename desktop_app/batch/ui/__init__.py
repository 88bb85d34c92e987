"""The window of batch jobs, and the bar that offers one."""
