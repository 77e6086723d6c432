"""Where the pages are."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from tasks import views

urlpatterns = [
    path("", views.tasks, name="tasks"),
    path("comet-token", views.comet_token, name="comet-token"),
    path("login", LoginView.as_view(), name="login"),
    path("logout", LogoutView.as_view(next_page="login"), name="logout"),
]
