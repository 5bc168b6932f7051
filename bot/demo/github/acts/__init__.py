"""What people and Apps do on the local GitHub: each act changes the state and announces it, whoever asked for it."""
