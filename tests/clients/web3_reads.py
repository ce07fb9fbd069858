"""What web3.py reads of the transaction whose hash is given, as JSON. Arguments: the node's URL, the hash."""
import json
import sys

from web3 import Web3

url, wanted = sys.argv[1:]
web3 = Web3(Web3.HTTPProvider(url))
transaction = web3.eth.get_transaction(wanted)
receipt = web3.eth.get_transaction_receipt(wanted)
block = web3.eth.get_block(transaction["blockNumber"], full_transactions=True)
print(json.dumps({
    "type": transaction["type"],
    "sender": transaction["from"],
    "logs": len(receipt["logs"]),
    "inBlock": any(one["hash"] == transaction["hash"] for one in block["transactions"]),
}))
