import pytest
from reattune.web import demo, vault
from reattune.web.followup import refresh
from reattune.web.reviews import queue
from tests.web.conftest import *
from tests.web.conftest import signed_in
from tests.conftest import browser, OPTIONS, CHROMIUM
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
def test_shots(browser, live_server, therapist):
    clients = [demo.fill_course(therapist, demo.examples().joinpath(c)) for c in ("course_a", "course_b")]
    while queue.work_once("test"): pass
    for c in clients: refresh.refresh(c)
    for n, c in enumerate(clients):
        print("RUPTURES", [(r.key, r.kind, r.intensity, r.state, r.session) for r in c.ruptures.all()])
    a, b = clients
    key = b.ruptures.first().key
    bro = signed_in(therapist)
    bro.post(f"/clients/{b.pk}/ending/change/", {"new": "planned", "note": "We tried for some weeks."})
    bro.post(f"/clients/{b.pk}/ending/change/", {"section": "reasons", "item": "fit", "new": "chosen", "note": "He wants a course."})
    ka = a.ruptures.first().key
    for name, size, scheme in (("desk", (1280, 900), "light"), ("desk-dark", (1280, 900), "dark"), ("phone", (390, 844), "light"), ("phone-dark", (390, 844), "dark")):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, base_url=live_server.url, color_scheme=scheme)
        cookie = signed_in(therapist).cookies["reattune"]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        view = context.new_page()
        def shot(what, full=True): view.screenshot(path=f"/tmp/t/shots6/{what}-{name}.png", full_page=full)
        view.goto(f"/clients/{a.pk}/"); view.locator("#plan").screenshot(path=f"/tmp/t/shots6/client-{name}.png")
        view.goto(f"/clients/{a.pk}/plan/{ka}/")
        view.evaluate("document.querySelectorAll('.repair-steps > li > details')[1].open = true")
        shot("rupture")
        view.goto(f"/clients/{b.pk}/next-session/"); shot("sheet")
        if name == "desk": view.pdf(path="/tmp/t/shots6/sheet.pdf", format="A4")
        view.goto(f"/clients/{b.pk}/plan/"); shot("plan")
        view.goto(f"/clients/{b.pk}/ending/"); shot("ending")
        view.goto(f"/clients/{b.pk}/ending/letter/"); shot("letter")
        view.goto("/missteps/"); shot("missteps")
        view.goto("/reference/"); shot("reference")
        view.goto("/journal/"); shot("journal-door")
        for f in ("passphrase", "again"):
            if view.locator(f"[name={f}]").count(): view.fill(f"[name={f}]", "a lantern under the old bridge")
        view.click("main form button"); view.wait_for_selector("text=It locks after")
        view.click("a.button[href='/journal/new/']"); view.fill("[name=reactions]", "I wanted to explain myself, and I could feel it in my jaw before I knew it."); view.check("[name=consult]"); shot("journal-entry"); view.click("main form button >> text=Keep"); view.wait_for_selector("text=Kept, for"); shot("journal")
        context.close()
