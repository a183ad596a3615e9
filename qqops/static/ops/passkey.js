'use strict';
/* Passkeys in words: where they cannot work, and what went wrong. The ceremony itself is allauth's webauthn.js. */
{
    const block = document.querySelector('[data-passkey]');
    const part = (name) => block.querySelector(`[data-passkey-${name}]`);
    const button = block.querySelector('#passkey');
    const said = part('said');
    const reasons = {NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'known'};

    block.hidden = false;
    if (/^([\d.]+|\[.*\])$/.test(location.hostname)) {
        // A passkey belongs to a name; browsers refuse bare addresses.
        button.hidden = true;
        part('address').hidden = false;
        if (/^(127\.|\[::1\])/.test(location.hostname)) {
            const named = new URL(location);
            named.hostname = 'localhost';
            const link = part('name');
            link.href = named;
            link.textContent = named.origin;
            link.hidden = false;
        }
    } else if (!window.PublicKeyCredential) {
        block.hidden = block.dataset.passkey === 'optional';
        button.hidden = true;
        part('none').hidden = false;
    }

    document.addEventListener('allauth.error', (event) => {
        event.preventDefault();
        said.textContent = said.dataset[reasons[event.detail.exception.name] || 'failed'];
        said.hidden = false;
    });
    button.addEventListener('click', () => said.hidden = true);
    // Enter in a field beside it means the passkey too: without one the form has nothing to say.
    block.addEventListener('submit', (event) => {
        event.preventDefault();
        event.stopPropagation();
        button.click();
    });
}
