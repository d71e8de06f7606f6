"""Shows a page of yours, from your own computer, under a name at a Glosson relay.

Read it in this order: `run` brings the parts together; `stay_online`, `session` and `control`
talk to the relay; `parking` and `data_connection` bring visitors in; `front` and `visit` serve them
TLS and HTTP; `proxy`, `static_files` and `built_in_page` are the three things that they may see.
"""

__version__ = "0.1.0"
