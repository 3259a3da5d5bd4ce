"""STS beyond moto: who the administrator is."""
