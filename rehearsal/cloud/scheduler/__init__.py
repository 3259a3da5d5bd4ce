"""EventBridge Scheduler beyond moto: schedules that run."""
