"""Addresses of coming in, one's own account and the practice's people."""

from django.urls import path

from reattune.web.accounts import views, views_account, views_factor, views_people
from reattune.web.middleware import public

urlpatterns = [
    path("", views.home, name="home"),
    path("start/", views.start, name="start"),
    path("login/", public(views.Login.as_view()), name="login"),
    path("logout/", views.leave, name="logout"),
    path("join/<str:token>/", views.join, name="join"),
    path("second-factor/", views_factor.second_factor, name="second-factor"),
    path("second-factor/new/", views_factor.setup, name="second-factor-setup"),
    path("second-factor/codes/", views_factor.codes, name="recovery-codes"),
    path("second-factor/off/", views_factor.off, name="second-factor-off"),
    path("account/", views_account.account, name="account"),
    path("account/password/", views_account.password, name="password"),
    path("account/tokens/", views_account.tokens, name="tokens"),
    path("account/tokens/<int:id>/end/", views_account.end_token, name="token-end"),
    path("account/trail/", views_account.trail, name="trail"),
    path("practice/", views_people.people, name="people"),
    path("practice/invite/", views_people.invite, name="invite"),
    path("practice/invitations/<int:id>/end/", views_people.end_invitation, name="invitation-end"),
    path("practice/people/<int:id>/", views_people.person, name="person"),
    path("practice/people/<int:id>/<slug:what>/", views_people.change, name="person-change"),
]
