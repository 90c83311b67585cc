"""What programs ask of feedback, and say to it, beside events."""

from services.feedback.api import cases, erasures, form, handling, improvements, satisfaction, times

routers = [
    form.router,
    cases.router,
    handling.router,
    erasures.router,
    improvements.router,
    satisfaction.router,
    times.router,
]
