"""Addresses of Django REST framework and Django Ninja: generated routes, and views that are classes or asynchronous."""

from django.urls import include, path
from ninja import NinjaAPI
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

OPEN = {"authentication_classes": [], "permission_classes": []}


class Unavailable(APIException):
    status_code = 503


class Things(ViewSet):
    authentication_classes = permission_classes = ()

    def list(self, request, format=None):
        return Response([])

    def retrieve(self, request, pk, format=None):
        if pk == "down":
            raise Unavailable
        if pk == "broken":
            raise ValueError("on purpose")
        return Response({"pk": pk})


class Total(APIView):
    authentication_classes = permission_classes = ()

    def post(self, request):
        return Response(request.data, status=201)


api = NinjaAPI()


@api.get("/items/{int:item_id}")
def item(request, item_id: int):
    return {"id": item_id}


@api.get("/slow/{name}")
async def slow(request, name: str):
    return {"name": name}


@api.post("/items")
def add(request, amount: int):
    raise ValueError("on purpose")


router = DefaultRouter()
router.register("things", Things, basename="thing")
urlpatterns = [path("drf/", include(router.urls)), path("drf/total/", Total.as_view()), path("ninja/", api.urls)]
