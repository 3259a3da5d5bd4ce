"""EventBridge beyond moto: events of services and schedules reach the targets of rules."""
