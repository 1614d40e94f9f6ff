"""The network plane: servers in the runtime's interpreter, under a load that is compiled."""
