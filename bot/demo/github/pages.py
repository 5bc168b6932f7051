def routes(hub):
    return []
