"""CloudWatch beyond moto: metrics by their dimensions, alarms that are evaluated, composite alarms, notifications."""
