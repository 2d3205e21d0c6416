"""The example's addresses, and two views that do nothing."""

from config.urls import urlpatterns as example
from django.http import HttpResponse
from django.urls import path


async def empty_async(request):
    return HttpResponse()


urlpatterns = [path("empty/", lambda request: HttpResponse()), path("empty-async/", empty_async), *example]
