"""S3 beyond moto: bucket policies are judged where all policies are."""
