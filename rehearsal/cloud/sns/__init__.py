"""SNS beyond moto: what is published reaches functions and web servers, one failing subscriber hurts no other."""
