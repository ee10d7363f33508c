"""What the rigs are made of: a server, its clients, its database read from outside."""
