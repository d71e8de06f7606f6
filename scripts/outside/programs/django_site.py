"""A Django project in one file: python django_site.py PORT

Set up as Django's documentation has it for a proxy that ends TLS.
"""
import sys
import time

from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY="only for this test",
    ALLOWED_HOSTS=[".glosson.localhost"],
    ROOT_URLCONF=__name__,
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
)

import django  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.urls import path  # noqa: E402

django.setup()


def form(request):
    if request.method == "POST":
        upload = request.FILES.get("file")
        return JsonResponse({"name": request.POST["name"], "size": upload.size if upload else 0})
    return HttpResponse(get_token(request))


def where(request):
    return JsonResponse({"url": request.build_absolute_uri("/x"), "secure": request.is_secure()})


def slow(_request):
    def parts():
        for i in range(5):
            yield f"{i}\n"
            time.sleep(0.2)

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("form/", form),
    path("where/", where),
    path("slow/", slow),
    path("moved/", lambda request: redirect("/where/")),
]

if __name__ == "__main__":
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIServer, make_server

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), Server).serve_forever()
