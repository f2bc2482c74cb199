"""Says how ClusterShell's `nodeset` folds and expands each expression in the JSON on stdin."""
import json
import sys

from ClusterShell.NodeSet import NodeSet, NodeSetException


def said(text):
    try:
        nodes = NodeSet(text)
        return {"fold": str(nodes), "names": list(nodes)}
    except NodeSetException as error:
        return {"refused": str(error)}


print(json.dumps([said(text) for text in json.load(sys.stdin)]))
