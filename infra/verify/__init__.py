"""`make verify`: the proof in a real subscription, for one who has one. Against any deployed app and Azure Resource
Manager, or against the local front door:

    walk.py       makes a 4 GiB disk in a group of its own, protects it, backs it up, restores it, lets a point expire
    sweeping.py   removes what a run made, its own or an interrupted one's; refuses groups that no run made
    exchanges.py  keeps each request with its answer, without tokens and with ids replaced, to be given back
    comparing.py  tells what was answered otherwise than the local simulator answers (expected.json)
    target.py     where all that is, and who asks

A client like any other: nothing here knows the product but by its API.
"""
