"""What people see of status: one application, and what letters lead to."""

from services.status.pages import application, links

routers = [application.router, links.router]
