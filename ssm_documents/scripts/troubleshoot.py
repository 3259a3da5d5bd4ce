"""The four troubleshooting playbooks as decision trees over the facts of gather_facts.py. Pure: they only decide.

Each rule is (whether it holds, the cause, what mends it), in the order in which causes hide each other: the first that
holds is the cause. InputPayload: Facts. Returns Found, Cause, Remedy, Evidence (Markdown).
"""

FULL_PERCENT = 97
LOW_PERCENT = 20
MANY_CONNECTIONS = 0.95
BOOTSTRAP = "FlaskOps-BootstrapStack"


def number(facts, name, default=0):
    try:
        return int(facts.get(name, default))
    except (TypeError, ValueError):
        return default


def host_rules(facts, role):
    """What keeps a host from working at all."""
    state = facts["network"][f"{role}_state"]
    host = facts[role]
    route = facts["network"][f"{role}_route"]
    nat = facts["network"]["nat"]
    yield state != "running", f"the {role} host is {state}", "start the instance (aws ec2 start-instances)"
    yield not route, f"the {role} host's subnet has no default route", "update the stack, which has the route"
    broken = route in nat and nat[route] != "available"
    yield broken, f"the NAT gateway {route} is {nat.get(route)}", "update the stack, which has the gateway"
    yield "unreachable" in host, f"the {role} host cannot be asked: {host.get('unreachable')}", "reboot the instance"
    fullest = max(number(host, fact) for fact in ("disk_percent", "inodes_percent", "data_percent"))
    yield (
        fullest >= FULL_PERCENT,
        f"the {role} host's disk is full",
        "FlaskOps-CollectDiagnostics, then free or enlarge the disk",
    )


def open_ports(facts):
    ports = facts["network"]["web_ports"]
    group = "the web host's security group"
    yield "80" not in ports, f"{group} does not let port 80 in", "update the stack, which has the rule"
    yield "443" not in ports, f"{group} does not let port 443 in", "update the stack, which has the rule"


def database_port(facts):
    sources = facts["network"]["database_ports"].get("3306", [])
    opened = bool(set(sources) & set(facts["network"]["web_groups"]))
    group = "the database host's security group"
    yield not opened, f"{group} does not let the web host in on port 3306", "update the stack, which has the rule"


def nginx_rules(web):
    refused = web.get("nginx_test")
    yield bool(refused), f"nginx refuses its configuration: {refused}", BOOTSTRAP
    yield web.get("nginx") != "active", f"nginx is {web.get('nginx')}", "FlaskOps-RestartNginx"


def http_rules(facts):
    web = facts["web"]
    yield from host_rules(facts, "web")
    yield not facts["network"]["public_ip"], "the web host has no public address", "update the stack, which has it"
    yield from open_ports(facts)
    yield not web.get("release"), "no release of the application is installed", BOOTSTRAP
    yield from nginx_rules(web)
    socket = web.get("socket")
    yield socket != "active", f"the application's socket is {socket}", "FlaskOps-RestartFlask with Mode=hard"
    state, error = web.get("application"), web.get("application_error")
    cause = f"the application is {state}; its last error: {error or 'none'}"
    yield state != "active", cause, "FlaskOps-RollbackRelease" if error else "FlaskOps-RestartFlask"
    yield web.get("livez") != "200", "the application's processes hang", "FlaskOps-RestartFlask with Mode=hard"
    yield from expiry_rules(facts)
    yield (
        web.get("readyz") != "200",
        f"the database cannot be used: {web.get('readyz_database')}",
        ("FlaskOps-TroubleshootDatabase"),
    )
    yield web.get("page") != "200", f"the front page answers {web.get('page')} through nginx", "FlaskOps-RestartNginx"


def database_rules(facts):
    web, database = facts["web"], facts["database"]
    yield from host_rules(facts, "database")
    yield database.get("engine") == "none", "no database server is installed", BOOTSTRAP
    yield database.get("volume") != "mounted", "the data volume is not mounted", BOOTSTRAP
    server = database.get("server")
    cause = f"the server is {server}; its last error: {database.get('server_error') or 'none'}"
    yield server != "active", cause, "FlaskOps-RestartDatabase"
    yield (
        database.get("answers") != "1",
        "the server runs but answers no statement",
        "FlaskOps-RestartDatabase with Mode=hard",
    )
    listens = f"{database.get('address')}:3306" in str(database.get("listens")).split()
    yield not listens, f"the server listens on {database.get('listens') or 'nothing'}", BOOTSTRAP
    yield database.get("accounts") == "0", "the application's account does not exist", BOOTSTRAP
    limit = number(database, "connections_limit", 1)
    crowded = number(database, "connections") >= MANY_CONNECTIONS * limit
    yield crowded, f"{database.get('connections')} of {limit} connections are in use", "FlaskOps-RestartFlask"
    yield from database_port(facts)
    yield "unreachable" in web, f"the web host cannot be asked: {web.get('unreachable')}", "FlaskOps-TroubleshootHttp"
    port = web.get("database_port")
    yield (
        port != "open",
        f"port 3306 is {port} from the web host: a firewall on a host is in between",
        ("look at nft list ruleset on both hosts; a drill that still runs undoes itself"),
    )
    detail = str(web.get("readyz_database"))
    yield "1045" in detail, "the server refuses the secret's password", "FlaskOps-RotateDatabaseCredentials"
    yield "secret" in detail, f"the web host cannot read the secret: {detail}", "check the instance profile"
    yield web.get("readyz") != "200", f"the application reports: {detail}", "FlaskOps-RestartFlask"


def expiry_rules(facts):
    web = facts["web"]
    present = web.get("certificate") == "present"
    left = number(web, "certificate_percent_left", 100)
    until = web.get("certificate_until")
    yield present and left == 0, f"the certificate expired on {until}", "FlaskOps-RenewCertificate"
    served = web.get("certificate_served")
    yield present and served == "another", "nginx serves another certificate than the newest", "FlaskOps-RestartNginx"


def certificate_rules(facts):
    web = facts["web"]
    yield not facts["domain"], "the stack has no domain, so it needs no certificate", "update the stack with DomainName"
    yield from host_rules(facts, "web")
    addresses = str(web.get("resolves_to", "")).split()
    yield not addresses, f"{facts['domain']} does not resolve", f"point it to {facts['address']}"
    elsewhere = any(address != facts["address"] for address in addresses)
    yield elsewhere, f"{facts['domain']} points to {' '.join(addresses)}", f"point it to {facts['address']}"
    yield from open_ports(facts)
    yield from nginx_rules(web)
    directory = web.get("acme_directory")
    missing = web.get("certificate") != "present"
    yield directory != "200" and missing, f"the ACME directory answers {directory}", "wait, or check the route out"
    yield missing, "there is no certificate", "FlaskOps-IssueCertificate"
    yield from expiry_rules(facts)
    yield web.get("certificate_served") == "none", "nginx serves no certificate on port 443", BOOTSTRAP
    other = web.get("certificate_name") == "0"
    yield other, "the certificate is for another name", "FlaskOps-IssueCertificate with Mode=force"
    left = number(web, "certificate_percent_left", 100)
    yield left < LOW_PERCENT, f"only {left} % of the certificate's lifetime is left", "FlaskOps-RenewCertificate"
    timer = web.get("renewal_timer")
    yield timer != "active", f"the renewal timer is {timer}", "systemctl enable --now certbot.timer on the web host"


def connectivity_rules(facts):
    network = facts["network"]
    yield from host_rules(facts, "web")
    yield not network["public_ip"], "the web host has no public address", "update the stack, which has it"
    moved = network["public_ip"] != facts["address"]
    cause = f"the web host's address is {network['public_ip']}, not the stack's {facts['address']}"
    yield moved, cause, "update the stack, which has the address"
    yield from open_ports(facts)
    yield from host_rules(facts, "database")
    yield from database_port(facts)
    port = facts["web"].get("database_port")
    # A refusal comes from the database host itself: the way there is open.
    yield (
        port == "silent",
        "packets from the web host to port 3306 are dropped: a firewall on a host is in between",
        ("look at nft list ruleset on both hosts; a drill that still runs undoes itself"),
    )
    yield port == "refused", "nothing listens on port 3306 of the database host", "FlaskOps-TroubleshootDatabase"


def evidence(facts):
    rows = ["| where | fact | value |", "|---|---|---|"]
    for part in ("network", "web", "database"):
        rows += [f"| {part} | {name} | {value} |" for name, value in sorted(facts[part].items())]
    return "\n".join(rows)


def decide(rules, facts):
    for holds, cause, remedy in rules:
        if holds:
            return {"Found": True, "Cause": cause, "Remedy": remedy, "Evidence": evidence(facts)}
    return {"Found": False, "Cause": "nothing found", "Remedy": "none", "Evidence": evidence(facts)}


def http(events, _context):
    return decide(http_rules(events["Facts"]), events["Facts"])


def database(events, _context):
    return decide(database_rules(events["Facts"]), events["Facts"])


def certificate(events, _context):
    return decide(certificate_rules(events["Facts"]), events["Facts"])


def connectivity(events, _context):
    return decide(connectivity_rules(events["Facts"]), events["Facts"])
