"""Addresses."""

from api import views
from django.urls import path

urlpatterns = [
    path("api/chat/rooms/", views.rooms),
    path("api/chat/rooms/<int:room_id>/", views.room),
    path("api/chat/messages/", views.messages),
    path("api/payments/<int:amount>/", views.pay),
    path("api/fail/", views.fail),
    path("health/", views.health),
    path("gateway/charge/", views.charge),
]
