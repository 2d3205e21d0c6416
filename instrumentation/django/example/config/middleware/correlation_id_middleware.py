"""The correlation id's middleware and log filter, under the names that the project's settings use."""

from thebot_tracing import CorrelationIDLoggingFilter
from thebot_tracing.middleware import CorrelationIDMiddleware

__all__ = ["CorrelationIDLoggingFilter", "CorrelationIDMiddleware"]
