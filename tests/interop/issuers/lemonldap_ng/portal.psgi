# The portal, which has the OpenID Connect endpoints.
use Lemonldap::NG::Portal::Main;

Lemonldap::NG::Portal::Main->run( {} );
