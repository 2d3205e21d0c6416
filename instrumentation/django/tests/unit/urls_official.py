"""Addresses for the comparison with the official instrumentation: each kind of route, answer and end."""

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse
from django.urls import include, path, re_path

_ERRORS = {"Http404": Http404, "PermissionDenied": PermissionDenied, "SuspiciousOperation": SuspiciousOperation, "ValueError": ValueError}


class Answers:
    """A middleware below the first that answers some requests itself."""

    sync_capable = async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request):
        if not iscoroutinefunction(self.get_response):
            return self._own(request) or self.get_response(request)
        return self._answer(request)

    async def _answer(self, request):
        return self._own(request) or await self.get_response(request)

    @staticmethod
    def _own(request):
        return HttpResponse(status=403) if "answered" in request.path or request.path.startswith("/below/") else None


def status(request, code):
    return HttpResponse(status=code, headers={"X-Own": "1"})


def fail(request, kind):
    raise _ERRORS[kind]("on purpose")


async def slow(request):
    return HttpResponse()


urlpatterns = [
    path("", status, {"code": 200}, name="start"),
    path("status/<int:code>/", status),
    path("raise/<str:kind>/", fail),
    re_path(r"^expression/(?P<page>[0-9]+)/$", lambda request, page: HttpResponse()),
    path("below/", include([path("here/", status, {"code": 200})])),
    path("async/", slow),
]
