"""Pure decisions as values: nothing here waits, reads a clock or touches the world."""
