"""What people see of status: one application, all of one's own, and what letters lead to."""

from services.status.pages import application, links, mine
from shared import signing_in

routers = [application.router, mine.router, links.router, signing_in.router]
