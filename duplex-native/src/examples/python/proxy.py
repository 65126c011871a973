# SPDX-License-Identifier: Apache-2.0
"""A proxy, in Python. usage: proxy.py LISTEN-PORT HOST PORT"""
import socket
import sys

import duplex

if len(sys.argv) != 4:
    sys.exit(__doc__)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    print("listening on port", listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        try:
            duplex.join(client, socket.create_connection((sys.argv[2], int(sys.argv[3]))))
        except OSError as error:
            print(error, file=sys.stderr)
            client.close()
