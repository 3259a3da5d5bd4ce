"""Checks an allow-list before it is put in force.

InputPayload: Cidrs (comma-separated), CallerAddress (may be empty), AllowLockOut (boolean). Returns Cidrs, each in its
canonical form. Raises an error for what is no network, and for a list that would lock the caller out.
"""

import ipaddress


def check(events, _context):
    networks = []
    for text in filter(None, events["Cidrs"].split(",")):
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise RuntimeError(f"{text} is not a network: {error}. Write it like 203.0.113.0/24.") from None
    if networks and not events["AllowLockOut"]:
        if not events["CallerAddress"]:
            raise RuntimeError("Give CallerAddress, so that the list cannot lock you out, or set AllowLockOut to true.")
        caller = ipaddress.ip_address(events["CallerAddress"])
        if not any(caller in network for network in networks):
            raise RuntimeError(f"The list would lock out {caller}: add its network, or set AllowLockOut to true.")
    return {"Cidrs": ",".join(str(network) for network in networks), "Count": len(networks)}
