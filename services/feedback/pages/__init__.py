"""What people see of feedback: clients, the public, and officers."""

from services.feedback.pages import case, form, public, work
from shared import signing_in

routers = [public.router, form.router, case.router, work.router, signing_in.router]
