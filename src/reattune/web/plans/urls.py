"""Addresses of plans, sheets and endings."""

from django.urls import path

from reattune.web.plans import views, views_ending, views_missteps, views_sheet

CLIENT = "clients/<uuid:id>"

urlpatterns = [
    path(f"{CLIENT}/plan/", views.plan, name="plan"),
    path(f"{CLIENT}/plan/open/", views.start, name="rupture-open"),
    path(f"{CLIENT}/plan/cases/", views.cases, name="plan-cases"),
    path(f"{CLIENT}/plan/<slug:key>/", views.rupture, name="rupture"),
    path(f"{CLIENT}/plan/<slug:key>/change/", views.change, name="rupture-change"),
    path(f"{CLIENT}/plan/<slug:key>/<slug:proposal>/", views.proposal, name="proposal"),
    path(f"{CLIENT}/next-session/", views_sheet.next_page, name="next-session"),
    path(f"{CLIENT}/next-session.pdf", views_sheet.next_pdf, name="next-session-pdf"),
    path(f"{CLIENT}/ending/", views_ending.ending, name="ending"),
    path(f"{CLIENT}/ending/change/", views_ending.change, name="ending-change"),
    path(f"{CLIENT}/ending/letter/", views_ending.letter, name="ending-letter"),
    path("missteps/", views_missteps.missteps, name="missteps"),
    path("reference/", views_sheet.reference_page, name="reference"),
    path("reference.pdf", views_sheet.reference_pdf, name="reference-pdf"),
]
