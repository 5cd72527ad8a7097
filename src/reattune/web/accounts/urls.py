"""Addresses of coming in, one's own account and the practice's people."""

from django.urls import path

from reattune.web.accounts import views

urlpatterns = [
    path("", views.home, name="home"),
    path("start/", views.start, name="start"),
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", views.leave, name="logout"),
    path("account/", views.account, name="account"),
    path("practice/", views.people, name="people"),
]
