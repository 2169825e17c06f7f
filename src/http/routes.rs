//! One list per face makes the registration, the table that tests walk, and the OpenAPI paths. They cannot drift apart.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, Resource, web};

use crate::error::{Error, Thing};

/// One line of the route table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Path with `{parameters}`, possibly with actix's patterns.
    pub path: &'static str,
    /// The access's name.
    pub access: &'static str,
    /// For whom it is there.
    pub face: Face,
}

/// For whom a route is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Programs, or anyone who scans: described in the OpenAPI document.
    Described,
    /// People who sign in: pages and their forms, not described.
    Page,
}

impl Route {
    /// The path as OpenAPI writes it, without patterns.
    pub fn open_api_path(&self) -> String {
        let mut path = String::new();
        let mut in_pattern = false;
        for c in self.path.chars() {
            match c {
                ':' => in_pattern = true,
                '}' => {
                    in_pattern = false;
                    path.push(c);
                }
                c if !in_pattern => path.push(c),
                _ => {}
            }
        }
        path
    }
}

/// Declares a face's routes: `GET "/path" => handler: Access`.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:ident : $access:ty),+ $(,)?) => {
        /// Method, path and access of every route here.
        pub const ROUTES: &[$crate::http::Route] = &[$($crate::http::Route {
            method: stringify!($method),
            path: $path,
            access: <$access as $crate::http::Access>::NAME,
            face: $crate::http::Face::Described,
        }),+];

        /// Adds the routes to a server.
        pub fn mount(mounts: &mut $crate::http::Mounts) {
            $(mounts.add(
                $path,
                stringify!($method),
                $crate::http::guarded::<$access, _, _>(actix_web::http::Method::$method, $handler),
            );)+
        }

        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($handler),+))]
        struct Documentation;

        /// The OpenAPI description of the routes here.
        pub fn open_api() -> utoipa::openapi::OpenApi {
            <Documentation as utoipa::OpenApi>::openapi()
        }
    };
}
pub(crate) use routes;

/// Declares the pages of a face, as `routes!` does for what programs call; pages have no place in the OpenAPI document.
macro_rules! pages {
    ($($method:ident $path:literal => $handler:ident : $access:ty),+ $(,)?) => {
        /// Method, path and access of every page here.
        pub const ROUTES: &[$crate::http::Route] = &[$($crate::http::Route {
            method: stringify!($method),
            path: $path,
            access: <$access as $crate::http::Access>::NAME,
            face: $crate::http::Face::Page,
        }),+];

        /// Adds the pages to a server.
        pub fn mount(mounts: &mut $crate::http::Mounts) {
            $(mounts.add(
                $path,
                stringify!($method),
                $crate::http::guarded::<$access, _, _>(actix_web::http::Method::$method, $handler),
            );)+
        }
    };
}
pub(crate) use pages;

/// Routes gathered by path, so that one address knows all its methods.
#[derive(Default)]
pub struct Mounts {
    by_path: BTreeMap<&'static str, (Vec<&'static str>, Vec<actix_web::Route>)>,
}

impl Mounts {
    /// Adds one route.
    pub fn add(&mut self, path: &'static str, method: &'static str, route: actix_web::Route) {
        let (methods, routes) = self.by_path.entry(path).or_default();
        methods.push(method);
        routes.push(route);
    }

    /// Registers everything; other methods of a known address answer 405.
    pub fn configure(self, cfg: &mut web::ServiceConfig) {
        for (path, (methods, routes)) in self.by_path {
            let allowed = methods.join(", ").replace("GET", "GET, HEAD");
            let resource = routes.into_iter().fold(web::resource(path), Resource::route);
            cfg.service(resource.default_service(web::to(move || {
                let allowed = allowed.clone();
                async move { Err::<HttpResponse, _>(Error::MethodNotAllowed { allowed }) }
            })));
        }
    }
}

/// Answers every unknown address.
pub async fn not_found() -> Result<HttpResponse, Error> {
    Err(Error::NotFound(Thing::Page))
}

/// Makes path and query errors problems like all others.
pub fn extractor_config(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::PathConfig::default().error_handler(|_, _| Error::NotFound(Thing::Page).into()));
    cfg.app_data(web::QueryConfig::default().error_handler(|err, _| {
        Error::invalid(
            "query",
            "Tham số trên địa chỉ không đúng; xin xem tài liệu tại /api/docs/.",
            format!("bad parameter: {err}"),
        )
        .into()
    }));
}
