"""Fault Injection Service beyond moto: experiments that run."""
