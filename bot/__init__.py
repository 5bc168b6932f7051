"""How baro lives: processes, settings, wiring, HTTP, pages, command line and the local demo."""
