"""Lambda beyond moto: functions run for real, in processes of a runner that the cloud is handed."""
